// @ts-check
import { byId, setText } from "./dom.js";

const THEMES = ["auto", "light", "dark"];
const NAME = "millrace-theme";

/** The theme button: the system's theme unless the reader chose one. */
export function startTheme() {
  const button = byId("theme");
  let theme = stored();
  const apply = () => {
    if (theme === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    setText(button, `Theme: ${theme}`);
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
    try {
      localStorage.setItem(NAME, theme);
    } catch {
      // A browser that stores nothing keeps the choice for this page only.
    }
    apply();
  });
  apply();
}

function stored() {
  try {
    const value = localStorage.getItem(NAME);
    return value !== null && THEMES.includes(value) ? value : "auto";
  } catch {
    return "auto";
  }
}
