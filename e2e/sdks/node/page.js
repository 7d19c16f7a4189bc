// What the page of the browser test runs. It is bundled with the SDK, as applications do.
import * as Sentry from "@sentry/browser";

Sentry.init({ dsn: window.name, release: "shop@1.2.3", environment: "e2e", sendDefaultPii: true });
Sentry.setUser({ id: "42" });
Sentry.setTag("shop.tier", "pro");
Sentry.addBreadcrumb({ category: "cart", message: "cart opened" });

function price(item) {
  return item.amount.currency;
}

try {
  price({});
} catch (err) {
  Sentry.captureException(err);
}
Sentry.captureMessage("stock is low", "warning");

function pay() {
  throw new RangeError("account 4711 is overdrawn");
}
setTimeout(() => pay(), 50);
setTimeout(() => Sentry.flush(10000).then(() => (document.title = "done")), 300);
