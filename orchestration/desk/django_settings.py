"""Django's settings, all derived from the installation: the database and the secret lie in `<home>/desk`.

Pages carry no script or style of their own, are never framed, and are served from one origin. What a bureau sets are
the variables NIANBAO_DESK_… (docs/deploy.md).
"""

import secrets
from pathlib import Path

from django.urls import reverse_lazy

from orchestration.desk.desk_database import desk_database
from orchestration.desk.installed import SECRET_FILE, city_now, desk_folder, installed
from sources.system.access import OWNERS_FILE

HERE = Path(__file__).parent
MINUTE, HOUR = 60, 3600


_SECRET = desk_folder() / SECRET_FILE
SECRET_KEY = _SECRET.read_text(encoding="ascii") if _SECRET.exists() else secrets.token_urlsafe(50)  # none: not a desk
DEBUG = False
ORIGINS = installed().desk_origins
IS_BEHIND_TLS = any(each.startswith("https://") for each in ORIGINS)
ALLOWED_HOSTS = ["127.0.0.1", "localhost", *(each.split("://")[1].split(":")[0] for each in ORIGINS)]
CSRF_TRUSTED_ORIGINS = list(ORIGINS)

INSTALLED_APPS = [
    "orchestration.desk.apps.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "axes",
]
MIDDLEWARE = [
    "orchestration.desk.middleware.size_is_looked_at",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "orchestration.desk.middleware.only_for_whom_it_is",
    "orchestration.desk.middleware.what_is_told",
    "orchestration.desk.middleware.with_policy",
    "axes.middleware.AxesMiddleware",
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_USER_MODEL = "desk.Account"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("MinimumLengthValidator", {"min_length": 12}),
        ("UserAttributeSimilarityValidator", {}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
AUTH_PASSWORD_VALIDATORS += [{"NAME": "orchestration.desk.longest_password.LongestPassword"}]
PASSWORD_RESET_TIMEOUT = 72 * HOUR
LOGIN_URL, LOGIN_REDIRECT_URL, LOGOUT_REDIRECT_URL = (
    reverse_lazy("sign_in"),
    reverse_lazy("start"),
    reverse_lazy("sign_in"),
)

AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "orchestration.desk.for_whom.address_of_browser"
AXES_LOCKOUT_TEMPLATE = "desk/locked_out.html"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

ROOT_URLCONF = "orchestration.desk.urls"
WSGI_APPLICATION = "orchestration.desk.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "orchestration.desk.page_frame.frame",
            ],
            "string_if_invalid": "",
        },
    }
]
DATABASES = {"default": desk_database(installed().desk_database, desk_folder()) | {"CONN_MAX_AGE": MINUTE}}
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # a link to set a password is no cookie
SESSION_COOKIE_AGE = 8 * HOUR
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_BEHIND_TLS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
# who comes back from another origin, having signed in there, must still be who went
SESSION_COOKIE_SAMESITE = "Lax" if installed().single_sign_on else "Strict"
# with this beginning a browser takes a cookie only over TLS, and from this very host
_HOST = "__Host-" if IS_BEHIND_TLS else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_HOST}nianbao_desk", f"{_HOST}nianbao_desk_csrf"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_BEHIND_TLS else None
SECURE_SSL_REDIRECT = False  # the proxy does it; the loopback address has no TLS
SECURE_HSTS_SECONDS = 365 * 24 * HOUR if IS_BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_BEHIND_TLS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_PERMISSIONS = OWNERS_FILE
DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
DATA_UPLOAD_MAX_NUMBER_FILES = 4
STATIC_URL = "static/"
STATICFILES_DIRS = [HERE / "static"]
WHITENOISE_USE_FINDERS = True
LANGUAGE_CODE, USE_I18N = "zh-hans", True
USE_TZ, TIME_ZONE = True, city_now().calendar.timezone
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
