/** Single-key shortcuts: only when nothing that takes text has the focus and no dialog is open. */
export type Keymap = Readonly<Record<string, () => void>>;

function takesText(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}

export function onKeys(keymap: Keymap, isOn: () => boolean): (event: KeyboardEvent) => void {
  return (event) => {
    if (!isOn() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (takesText(event.target) || document.querySelector("dialog[open]")) return;
    const act = keymap[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
}
