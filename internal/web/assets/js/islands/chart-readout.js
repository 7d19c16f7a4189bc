// @ts-check
// What a bar of a chart says: under the pointer, under a finger, or by arrow keys when the chart has the focus.

const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
tip.setAttribute("role", "status");

class ChartReadout extends HTMLElement {
  connectedCallback() {
    const plot = this.parentElement?.querySelector("svg.plot");
    const counts = (this.dataset.counts ?? "").split(",").map(Number);
    const start = Number(this.dataset.start);
    const step = Number(this.dataset.step);
    if (!(plot instanceof SVGElement) || !step) return;
    let at = counts.length - 1;
    const day = { weekday: "short", day: "numeric", month: "short" };
    const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    const words = new Intl.DateTimeFormat("en-GB", /** @type {any} */ (counts.length * step > 2 * 86400 ? { ...day, ...clock } : clock));
    const show = () => {
      const box = plot.getBoundingClientRect();
      const n = counts[at] ?? 0;
      tip.textContent = `${words.format((start + at * step) * 1000)}\n${n.toLocaleString("en").replaceAll(",", "\u2009")} ${n === 1 ? "event" : "events"}`;
      tip.hidden = false;
      if (!tip.isConnected) document.body.append(tip);
      const x = box.left + ((at + 0.5) / counts.length) * box.width;
      tip.style.translate = `${Math.max(8, Math.min(x - tip.offsetWidth / 2, innerWidth - tip.offsetWidth - 8))}px ${Math.max(8, box.top - tip.offsetHeight - 8)}px`;
    };
    const hide = () => (tip.hidden = true);
    plot.setAttribute("tabindex", "0");
    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      at = Math.max(0, Math.min(Math.floor(((event.clientX - box.left) / box.width) * counts.length), counts.length - 1));
      show();
    });
    plot.addEventListener("pointerleave", hide);
    plot.addEventListener("blur", hide);
    plot.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      at = Math.max(0, Math.min(at + by, counts.length - 1));
      show();
    });
  }

  disconnectedCallback() {
    tip.hidden = true;
  }
}

customElements.define("chart-readout", ChartReadout);
