package shop;

import io.sentry.Sentry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs through SLF4J and Logback; the appender sends what is logged as an error. */
public final class Logging {
  private static final Logger log = LoggerFactory.getLogger(Logging.class);

  public static void main(String[] args) {
    log.info("cart {} opened", 7);
    try {
      Plain.checkout();
    } catch (IllegalStateException e) {
      log.error("checkout failed", e);
    }
    log.error("stock of {} is low: {}", "TENT", 3);
    Sentry.flush(10_000);
    Sentry.close();
  }
}
