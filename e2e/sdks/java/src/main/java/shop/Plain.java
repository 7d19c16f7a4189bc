package shop;

import io.sentry.Breadcrumb;
import io.sentry.Sentry;
import io.sentry.SentryLevel;
import io.sentry.protocol.User;

/** Sends a handled error, a message and an unhandled error with the plain SDK. */
public final class Plain {
  static final class Overdrawn extends RuntimeException {
    Overdrawn(String message) {
      super(message);
    }
  }

  static int price(String item) {
    return Integer.parseInt(item);
  }

  static void checkout() {
    try {
      price("TENT");
    } catch (NumberFormatException e) {
      throw new IllegalStateException("cart cannot be priced", e);
    }
  }

  static void pay() {
    throw new Overdrawn("account 4711 is overdrawn");
  }

  public static void main(String[] args) {
    Sentry.init(o -> {
      o.setDsn(System.getenv("DSN"));
      o.setRelease("shop@1.2.3");
      o.setEnvironment("e2e");
      o.addInAppInclude("shop");
      o.setSendDefaultPii(true);
    });
    User user = new User();
    user.setId("42");
    Sentry.setUser(user);
    Sentry.setTag("shop.tier", "pro");
    Sentry.addBreadcrumb(new Breadcrumb("cart opened"));
    try {
      checkout();
    } catch (IllegalStateException e) {
      Sentry.captureException(e);
    }
    Sentry.captureMessage("stock is low", SentryLevel.WARNING);
    pay();
  }
}
