// Opens a page with the browser SDK in a real Chromium and waits until it has sent its events.
const { createServer } = require("node:http");
const { buildSync } = require("esbuild");
const { chromium } = require("playwright-core");

const bundle = buildSync({ entryPoints: [__dirname + "/page.js"], bundle: true, write: false, format: "iife", platform: "browser" });
const server = createServer((req, res) => {
  if (req.url === "/shop.js") {
    res.setHeader("Content-Type", "text/javascript").end(bundle.outputFiles[0].text);
  } else {
    res.setHeader("Content-Type", "text/html").end('<!doctype html><title>shop</title><script src="/shop.js"></script>');
  }
});

server.listen(0, "127.0.0.1", async () => {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  try {
    const page = await browser.newPage();
    page.on("console", (m) => console.log("console:", m.text()));
    await page.addInitScript((dsn) => (window.name = dsn), process.env.DSN);
    await page.goto(`http://127.0.0.1:${server.address().port}/cart?coupon=SUMMER`);
    await page.waitForFunction(() => document.title === "done", null, { timeout: 20000 });
  } finally {
    await browser.close();
    server.close();
  }
});
