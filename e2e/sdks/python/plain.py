"""Sends a handled error, a message and an unhandled error with the plain SDK."""
import os

import sentry_sdk

sentry_sdk.init(dsn=os.environ["DSN"], release="shop@1.2.3", environment="e2e", send_default_pii=True)
sentry_sdk.set_user({"id": "42", "email": "ada@example.org"})
sentry_sdk.set_tag("shop.tier", "pro")


def price(items):
    return items["TENT"] * 2


def checkout():
    sentry_sdk.add_breadcrumb(category="cart", message="cart opened", level="info")
    return price({})


try:
    checkout()
except KeyError as err:
    sentry_sdk.capture_exception(err)

sentry_sdk.capture_message("stock is low", level="warning")


class Overdrawn(Exception):
    pass


def pay():
    raise Overdrawn("account 4711 is overdrawn")


pay()
