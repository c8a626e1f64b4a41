"""What is shown where there is no page, or where the desk itself is at fault."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return render(request, "desk/not_found.html", status=404)


def broken(request: HttpRequest) -> HttpResponseBase:
    return render(request, "desk/broken.html", status=500)
