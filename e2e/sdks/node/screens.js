// Signs in and takes pictures of the issue stream and of one issue: BASE, EMAIL, PASSWORD, ISSUE (part of its title), OUT.
const { chromium } = require("playwright-core");

(async () => {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  let failed = false;
  try {
    for (const [name, options] of Object.entries({
      light: { viewport: { width: 1440, height: 900 }, colorScheme: "light" },
      dark: { viewport: { width: 1440, height: 900 }, colorScheme: "dark" },
      phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", deviceScaleFactor: 2, hasTouch: true },
    })) {
      const page = await (await browser.newContext(options)).newPage();
      page.on("console", (m) => {
        failed = true;
        console.log(`${name}: console: ${m.text()}`);
      });
      await page.goto(process.env.BASE + "/login");
      await page.fill("input[name=email]", process.env.EMAIL);
      await page.fill("input[name=password]", process.env.PASSWORD);
      await page.keyboard.press("Enter");
      await page.waitForURL(/issues/);
      await page.screenshot({ path: `${process.env.OUT}/issues-${name}.png` });
      const issue = page.locator("a[href*='/issues/']", { hasText: process.env.ISSUE }).first();
      await page.goto(new URL(await issue.getAttribute("href"), process.env.BASE).href);
      await page.waitForTimeout(300);
      await page.screenshot({ path: `${process.env.OUT}/issue-${name}.png`, fullPage: true });
    }
  } finally {
    await browser.close();
  }
  process.exit(failed ? 1 : 0);
})();
