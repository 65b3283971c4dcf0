"""Django OAuth Toolkit as its documentation sets it up, with OpenID Connect on. Its setup is the JSON of its one argument."""

import json
import os
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings

setup = json.loads(sys.argv[1])
settings.configure(
    SECRET_KEY=os.urandom(32).hex(),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="__main__",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": setup["database"]}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "oauth2_provider",
    ],
    # Those of a new project that the tests can do with.
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    LOGIN_URL="/login",
    # The default takes its time on purpose.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    USE_TZ=True,
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": setup["key"],
        "PKCE_REQUIRED": True,
        "SCOPES": {"openid": "Sign in", "orders": "Orders"},
        "ROTATE_REFRESH_TOKEN": True,
    },
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.contrib.auth.views import LoginView  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.middleware.csrf import get_token  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402


class Login(LoginView):
    """Django's own, without a template."""

    def render_to_response(self, context, **kwargs):
        token = '<input name="csrfmiddlewaretoken" value="%s">' % get_token(self.request)
        fields = '<input name="username"><input name="password" type="password">'
        return HttpResponse('<form method="post">%s%s</form>' % (token, fields))


urlpatterns = [path("login", Login.as_view()), path("o/", include("oauth2_provider.urls"))]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


call_command("migrate", verbosity=0)
User.objects.create_user(setup["user"], password=setup["password"])
for client in setup["clients"]:
    Application.objects.create(
        client_id=client["clientId"],
        client_secret=client.get("secret", ""),
        client_type="confidential" if "secret" in client else "public",
        authorization_grant_type="authorization-code",
        redirect_uris=setup["redirectUri"],
        algorithm="RS256",
    )

with make_server("127.0.0.1", 0, get_wsgi_application(), Server, Quiet) as server:
    print(json.dumps({"port": server.server_port}), flush=True)
    server.serve_forever()
