"""Pages about accounts: signing in, the second factor, one's own account, and for the administrator everybody's."""

from typing import Any, ClassVar

import segno
from django import forms
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.contrib.auth.tokens import default_token_generator
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.encoding import force_str
from django.utils.http import urlsafe_base64_decode
from django.views.decorators.debug import sensitive_post_parameters
from django_otp import login as login_with_factor
from django_otp.plugins.otp_totp.models import TOTPDevice

from orchestration.desk.account_mail import link_of, send_if_asked, send_link, tell_changed
from orchestration.desk.desk_log import log
from orchestration.desk.for_whom import StillAsked, account_of, address_of_browser, for_act, public
from orchestration.desk.installed import city_now, default_year, installed, must_have_factor
from orchestration.desk.models import Account
from orchestration.desk.office_views import OFFICE_END
from orchestration.desk.roles import SCHOOL, Act, Role, allowed
from orchestration.desk.scanning import scanning_now
from orchestration.desk.signed_in_places import places_of

FACTOR_NAME = "default"


class NewAccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whom to invite: a name, a role, and of whom where the role is of one."""

    class Meta:
        model = Account
        fields: ClassVar = ("username", "last_name", "email", "role", "respondent_code", "region_code")
        labels: ClassVar = {"username": "登录名", "last_name": "姓名", "email": "邮箱"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        city = city_now()
        respondents = [(each.code, f"{each.name}（{each.code}）") for each in city.respondents]
        regions = [(each.code, f"{each.name}（{each.code}）") for each in city.regions]
        for name, known in (("respondent_code", respondents), ("region_code", regions)):
            chosen = forms.ChoiceField(choices=[("", "—"), *known], required=False, label=self.fields[name].label)
            self.fields[name] = chosen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        city, role = city_now(), cleaned.get("role")
        if role in SCHOOL and cleaned.get("respondent_code") not in city.respondent_by_code:
            self.add_error("respondent_code", "学校的账号要选是哪一所")
        if role == Role.DISTRICT and cleaned.get("region_code") not in city.region_by_code:
            self.add_error("region_code", "区县的账号要选是哪个地区")
        return cleaned


class CodeForm(forms.Form):
    """The six digits that the second factor shows."""

    code = forms.CharField(
        label="手机上显示的六位数字",
        max_length=6,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


@public
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponseBase:
    form = AuthenticationForm(request, request.POST or None)
    form.fields["username"].label = "登录名"
    if request.method == "POST" and form.is_valid():
        login(request, form.get_user())
        log(form.get_user().get_username(), "sign_in", "登录")
        return redirect("start")
    shown = {"form": form, "has_office": installed().single_sign_on is not None}
    return render(request, "desk/sign_in.html", shown, status=200 if request.method == "GET" else 401)


@for_act(Act.USE_OWN_ACCOUNT, *StillAsked)
def sign_out(request: HttpRequest) -> HttpResponseBase:
    if request.method == "POST":
        log(account_of(request).username, "sign_out", "退出")
        office = request.session.get(OFFICE_END)
        logout(request)
        if office:
            return render(request, "desk/signed_out.html", {"office": office})
    return redirect("sign_in")


@for_act(Act.USE_OWN_ACCOUNT)
def start(request: HttpRequest) -> HttpResponseBase:
    """Leads to the page on which the role begins its day."""
    holder, year = account_of(request).holder, default_year()
    if holder.role in SCHOOL:
        return redirect("school", holder.respondent_code, year)
    if allowed(holder, Act.SEE_YEAR):
        return redirect("year", year)
    return redirect("accounts" if allowed(holder, Act.MANAGE_ACCOUNTS) else "own_account")


@for_act(Act.USE_OWN_ACCOUNT, StillAsked.FACTOR_NOT_GIVEN)
def second_factor(request: HttpRequest) -> HttpResponseBase:
    """Asks for the code of the second factor that the account has."""
    account, form = account_of(request), CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        for device in TOTPDevice.objects.filter(user=account, confirmed=True):
            if device.verify_is_allowed()[0] and device.verify_token(form.cleaned_data["code"]):
                login_with_factor(request, device)
                return redirect("start")
        log(account.username, "sign_in_refused", "第二重验证")
        form.add_error("code", "数字不对，或已经过时；请看手机上现在的那一组")
    return render(request, "desk/second_factor.html", {"form": form})


@for_act(Act.USE_OWN_ACCOUNT)
def own_account(request: HttpRequest) -> HttpResponseBase:
    """The account's password, second factor and the places where it is signed in."""
    account = account_of(request)
    form = PasswordChangeForm(account, request.POST if "new_password1" in request.POST else None)
    form.fields["old_password"].widget.attrs.pop("autofocus", None)  # the page begins at its beginning
    if request.method == "POST" and form.is_valid():
        form.save()
        update_session_auth_hash(request, account)
        log(account.username, "password", "改了密码")
        tell_changed(account, "改了密码", f"从 {address_of_browser(request)}")
        messages.success(request, "密码改好了。别处的登录都已退出。")
        return redirect("own_account")
    has_factor = TOTPDevice.objects.filter(user=account, confirmed=True).exists()
    shown = {"form": form, "has_factor": has_factor, "places": places_of(account, request.session.session_key)}
    return render(request, "desk/own_account.html", shown)


@for_act(Act.USE_OWN_ACCOUNT)
def end_other_sessions(request: HttpRequest) -> HttpResponseBase:
    """Ends the place that is named, or all but this one."""
    account, named = account_of(request), request.POST.get("place")
    if request.method == "POST":
        for each in places_of(account, request.session.session_key):
            if not each.is_here and named in (None, each.id):
                each.session.delete()
        log(account.username, "sessions", "退出一处登录" if named else "退出别处的登录")
        messages.success(request, "那一处已退出。" if named else "别处的登录都已退出。")
    return redirect("own_account")


@for_act(Act.USE_OWN_ACCOUNT, StillAsked.FACTOR_UNSET)
def set_up_factor(request: HttpRequest) -> HttpResponseBase:
    """Shows the key of a new second factor, and takes it into use once its code was typed in."""
    account, form = account_of(request), CodeForm(request.POST or None)
    if TOTPDevice.objects.filter(user=account, confirmed=True).exists():
        return redirect("own_account")
    device, _ = TOTPDevice.objects.get_or_create(user=account, confirmed=False, defaults={"name": FACTOR_NAME})
    if request.method == "POST" and form.is_valid():
        if device.verify_token(form.cleaned_data["code"]):
            device.confirmed = True
            device.save()
            login_with_factor(request, device)
            log(account.username, "second_factor", "启用了第二重验证")
            tell_changed(account, "启用了第二重验证", f"从 {address_of_browser(request)}")
            messages.success(request, "第二重验证启用了：以后登录还要输入手机上的数字。")
            return redirect("own_account")
        form.add_error("code", "数字不对；请看手机的时间准不准，再输入现在的那一组")
    picture = segno.make(device.config_url, error="m").svg_data_uri(scale=5)
    shown = {
        "form": form,
        "picture": picture,
        "key": device.config_url,
        "is_due": must_have_factor(account.holder.role),
    }
    return render(request, "desk/set_up_factor.html", shown)


@for_act(Act.MANAGE_ACCOUNTS)
def accounts(request: HttpRequest) -> HttpResponseBase:
    """Everybody's account; invites somebody."""
    form = NewAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        invited = form.save(commit=False)
        invited.set_unusable_password()
        invited.save()
        log(
            account_of(request).username,
            "invite",
            invited.username,
            after=f"{invited.role_label} {invited.respondent_code}",
        )
        messages.success(request, f"账号 {invited.username} 建好了。{_told_invitation(request, invited)}")
        return redirect("accounts")
    listed = Account.objects.order_by("role", "respondent_code", "username")
    shown = {"form": form, "accounts": listed, "scanning": scanning_now()}
    return render(request, "desk/accounts.html", shown)


@for_act(Act.MANAGE_ACCOUNTS)
def change_account(request: HttpRequest, account_id: int) -> HttpResponseBase:
    """Locks, unlocks, or invites again: a new password, and no second factor until one is set up."""
    account, by = get_object_or_404(Account, pk=account_id), account_of(request).username
    what = request.POST.get("what")
    if request.method != "POST" or account.pk == account_of(request).pk:
        raise Http404
    if what in ("lock", "unlock"):
        before, account.is_active = "启用" if account.is_active else "停用", what == "unlock"
        account.save()
        for each in places_of(account):
            each.session.delete()
        log(by, what, account.username, before=before, after="启用" if account.is_active else "停用")
        messages.success(request, f"账号 {account.username} 已{'启用' if account.is_active else '停用'}。")
    elif what == "invite":
        account.set_unusable_password()
        account.office_subject = ""
        account.save()
        TOTPDevice.objects.filter(user=account).delete()
        log(by, "invite", account.username, before="旧密码和第二重验证作废")
        tell_changed(account, "的旧密码和第二重验证作废了，要重新设", f"账号管理员 {by}")
        messages.success(request, _told_invitation(request, account))
    return redirect("accounts")


def _told_invitation(request: HttpRequest, account: Account) -> str:
    """Where the link went, or the link itself, for the administrator to hand over."""
    link = link_of(request, account)
    why = send_link(account, link)
    if not why:
        return f"链接已发到 {account.email}，三天内有效。"
    return f"请把这个链接发给 {account.username} 本人，三天内有效（{why}）：{link}"


@public
def forgotten(request: HttpRequest) -> HttpResponseBase:
    """Asks for a link by mail; the answer is the same for every name."""
    if request.method == "POST":
        send_if_asked(request, request.POST.get("username", "")[:150])
        messages.success(
            request, "这个账号有邮箱的，几分钟内会收到设密码的链接。没有收到的，请告诉教育局的账号管理员。"
        )
        return redirect("sign_in")
    return render(request, "desk/forgotten.html")


@public
@sensitive_post_parameters()
def set_password(request: HttpRequest, key: str, token: str) -> HttpResponseBase:
    """Where an invitation leads: the holder sets a password."""
    try:
        account = Account.objects.get(pk=int(force_str(urlsafe_base64_decode(key))), is_active=True)
    except (ValueError, OverflowError, Account.DoesNotExist):
        account = None
    if account is None or not default_token_generator.check_token(account, token):
        return render(request, "desk/set_password.html", {"form": None}, status=410)
    form = SetPasswordForm(account, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        log(account.username, "password", "设了密码")
        tell_changed(account, "设了密码", f"用邮件里的链接，从 {address_of_browser(request)}")
        messages.success(request, "密码设好了，请登录。")
        return redirect("sign_in")
    return render(request, "desk/set_password.html", {"form": form, "name": account.username})
