// @ts-check
// Sends a test event through the same door as applications do.
import { toast } from "./toasts.js";

class FirstEvent extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    const button = this.querySelector("button");
    button?.addEventListener("click", async () => {
      button.setAttribute("aria-busy", "true");
      const id = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
      const sent = new Date().toISOString();
      const event = {
        event_id: id, timestamp: sent, platform: "other", level: "error", logger: "seismo.setup", environment: "test",
        exception: { values: [{ type: "FirstTremor", value: "A test event from the set-up page" }] },
      };
      const lines = [{ event_id: id, sent_at: sent }, { type: "event" }, event].map((line) => JSON.stringify(line));
      try {
        const answer = await fetch(button.dataset.url ?? "", { method: "POST", body: lines.join("\n") + "\n" });
        if (!answer.ok) throw new Error(String(answer.status));
        toast("Test event sent");
      } catch {
        toast("The server did not take the test event", true);
      } finally {
        button.removeAttribute("aria-busy");
      }
    });
  }
}

customElements.define("first-event", FirstEvent);
