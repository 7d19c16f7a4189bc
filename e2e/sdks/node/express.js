// An Express application whose routes fail, called by itself.
const Sentry = require("@sentry/node");
Sentry.init({ dsn: process.env.DSN, release: "shop@1.2.3", environment: "e2e", sendDefaultPii: true });

const express = require("express");
const app = express();

app.get("/handled", (req, res) => {
  Sentry.setUser({ id: "42" });
  Sentry.setTag("shop.tier", "pro");
  Sentry.addBreadcrumb({ category: "cart", message: "cart opened" });
  try {
    null.amount;
  } catch (err) {
    Sentry.captureException(err);
  }
  Sentry.captureMessage("stock is low", "warning");
  res.send("ok");
});

app.get("/cart/:cart", function cart(req) {
  throw new RangeError("cart " + req.params.cart + " is too large");
});

Sentry.setupExpressErrorHandler(app);

const server = app.listen(0, "127.0.0.1", async () => {
  const base = `http://127.0.0.1:${server.address().port}`;
  await fetch(base + "/handled");
  await fetch(base + "/cart/7?coupon=SUMMER", { headers: { "User-Agent": "e2e/1.0" } });
  await Sentry.flush(10000);
  server.close();
  server.closeAllConnections();
});
