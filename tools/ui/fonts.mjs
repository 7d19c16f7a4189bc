// Copies the fonts of the pages from the installed packages to where the server embeds them.
import { copyFileSync, mkdirSync } from "node:fs";

const to = new URL("../../internal/web/assets/fonts/", import.meta.url);
mkdirSync(to, { recursive: true });
for (const family of ["next", "mono"]) {
  for (const subset of ["latin", "latin-ext"]) {
    const name = `atkinson-hyperlegible-${family}-${subset}-wght-normal.woff2`;
    copyFileSync(new URL(`node_modules/@fontsource-variable/atkinson-hyperlegible-${family}/files/${name}`, import.meta.url), new URL(name, to));
  }
}
