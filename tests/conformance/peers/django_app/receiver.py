"""django-clerk-users as its documentation sets it up, with a page for users who are signed in."""

import os

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    AUTH_USER_MODEL="django_clerk_users.ClerkUser",
    AUTHENTICATION_BACKENDS=["django_clerk_users.authentication.ClerkBackend"],
    CLERK_FRONTEND_HOSTS=[os.environ["PARTY"]],
    CLERK_JWT_KEY=os.environ["CLERK_JWT_KEY"],
    CLERK_SECRET_KEY="sk_test_conformance",
    CLERK_WEBHOOK_SIGNING_KEY=os.environ["CLERK_WEBHOOK_SIGNING_SECRET"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["DATABASE_NAME"],
            "USER": os.environ["DATABASE_USER"],
            "HOST": os.environ["DATABASE_HOST"],
        }
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django_clerk_users",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django_clerk_users.middleware.ClerkAuthMiddleware",
    ],
    ROOT_URLCONF="receiver",
    SECRET_KEY="conformance",
    USE_TZ=True,
)
django.setup()

from django.core.management import call_command  # noqa: E402 - needs the settings above
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django_clerk_users.authentication import ClerkAuthentication  # noqa: E402
from django_clerk_users.clerk_api.transport import ClerkTransport  # noqa: E402
from django_clerk_users.webhooks import clerk_webhook_view  # noqa: E402
from rest_framework.decorators import api_view, authentication_classes, permission_classes  # noqa: E402
from rest_framework.permissions import IsAuthenticated  # noqa: E402
from rest_framework.response import Response  # noqa: E402

# The only change: Clerk's API is the one of the scenarios. The package has no setting for its URL.
ClerkTransport.__init__.__kwdefaults__["base_url"] = os.environ["CLERK_API_URL"] + "/v1"


def me(request: HttpRequest) -> HttpResponse:
    """200 for a user who is signed in by the middleware."""
    return HttpResponse(status=200 if request.user.is_authenticated else 401)


@api_view(["GET"])
@authentication_classes([ClerkAuthentication])
@permission_classes([IsAuthenticated])
def drf(request: HttpRequest) -> Response:
    """200 for a user who is signed in by the authentication class."""
    return Response({})


urlpatterns = [path("webhooks/clerk/", clerk_webhook_view), path("me", me), path("drf", drf)]
call_command("migrate", verbosity=0)
application = get_wsgi_application()
