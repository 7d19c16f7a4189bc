"""A Flask application whose routes fail, driven by its own test client."""
import os

import sentry_sdk
from flask import Flask

sentry_sdk.init(dsn=os.environ["DSN"], release="shop@1.2.3", environment="e2e", send_default_pii=True)
app = Flask(__name__)


@app.route("/handled")
def handled():
    sentry_sdk.set_user({"id": "42"})
    sentry_sdk.set_tag("shop.tier", "pro")
    sentry_sdk.add_breadcrumb(category="cart", message="cart opened")
    try:
        {}["TENT"]
    except KeyError as err:
        sentry_sdk.capture_exception(err)
    sentry_sdk.capture_message("stock is low", level="warning")
    return "ok"


@app.route("/cart/<int:cart>")
def cart(cart):
    return str(1 // (cart - cart))


client = app.test_client()
client.get("/handled")
client.get("/cart/7?coupon=SUMMER", headers={"User-Agent": "e2e/1.0"})
sentry_sdk.flush(10)
