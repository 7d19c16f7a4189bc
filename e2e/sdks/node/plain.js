// Sends a handled error, a message and an unhandled error with the plain SDK.
const Sentry = require("@sentry/node");

Sentry.init({ dsn: process.env.DSN, release: "shop@1.2.3", environment: "e2e" });
Sentry.setUser({ id: "42", email: "ada@example.org" });
Sentry.setTag("shop.tier", "pro");

function price(item) {
  return item.amount.currency;
}

function checkout() {
  Sentry.addBreadcrumb({ category: "cart", message: "cart opened", level: "info" });
  return price({});
}

try {
  checkout();
} catch (err) {
  Sentry.captureException(err);
}
Sentry.captureMessage("stock is low", "warning");

class Overdrawn extends Error {
  constructor(message) {
    super(message);
    this.name = "Overdrawn";
  }
}

function pay() {
  throw new Overdrawn("account 4711 is overdrawn");
}

setTimeout(() => pay(), 100);
