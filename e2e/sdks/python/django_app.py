"""A Django application in one file whose views fail, called through WSGI."""
import os

import django
import sentry_sdk
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

sentry_sdk.init(dsn=os.environ["DSN"], release="shop@1.2.3", environment="e2e", send_default_pii=True)


def handled(request):
    sentry_sdk.set_user({"id": "42"})
    sentry_sdk.set_tag("shop.tier", "pro")
    sentry_sdk.add_breadcrumb(category="cart", message="cart opened")
    try:
        {}["TENT"]
    except KeyError as err:
        sentry_sdk.capture_exception(err)
    sentry_sdk.capture_message("stock is low", level="warning")
    return HttpResponse("ok")


def cart(request, cart):
    return HttpResponse(str(1 // (cart - cart)))


urlpatterns = [path("handled", handled), path("cart/<int:cart>", cart)]
settings.configure(DEBUG=False, SECRET_KEY="e2e", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=[])
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 (needs the settings)
from werkzeug.test import Client  # noqa: E402

client = Client(get_wsgi_application())
client.get("/handled")
client.get("/cart/7?coupon=SUMMER", headers={"User-Agent": "e2e/1.0"})
sentry_sdk.flush(10)
