// Runs in every page that is looked at: what a person would see there, and how they would send a form.

const CONTROLS = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';

const isSeen = (element) =>
  element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
  element.closest('[aria-hidden=true], [inert], .visually-hidden, .visually-hidden-focusable') === null;

/** An element as a developer finds it again. */
function nameOf(element) {
  const { id, className, tagName } = element;
  const classes =
    typeof className === 'string' && className !== '' ? `.${className.trim().replace(/\s+/g, '.')}` : '';
  const words = (element.textContent.trim() || element.getAttribute('name') || '').replace(/\s+/g, ' ');
  return `${tagName.toLowerCase()}${id ? `#${id}` : classes} "${words.slice(0, 40)}"`;
}

const scrolls = (element) =>
  ['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(element).overflowX);

function isInScrollRegion(element) {
  for (let part = element.parentElement; part && part !== document.body; part = part.parentElement)
    if (scrolls(part)) return true;
  return false;
}

/** What makes the page wider than its window. */
function sideways() {
  const { scrollWidth, clientWidth } = document.scrollingElement;
  if (scrollWidth <= clientWidth) return [];
  const over = [...document.body.querySelectorAll('*')].filter((element) => {
    const { left, right, width } = element.getBoundingClientRect();
    return (
      width > 0 && (right > clientWidth + 1 || left < -1) && isSeen(element) && !isInScrollRegion(element)
    );
  });
  return [`the page is ${scrollWidth} px wide: ${over.slice(-3).map(nameOf).join(', ')}`];
}

function headings() {
  const shown = [...document.querySelectorAll('h1')].filter(isSeen);
  return shown.length === 1 ? [] : [`${shown.length} h1`];
}

/** Controls that lie on each other, so that one of them cannot be pressed or read. */
function overlaps() {
  const controls = [...document.querySelectorAll(CONTROLS)].filter(isSeen);
  const boxes = controls.map((element) => ({ element, rects: [...element.getClientRects()] }));
  const found = [];
  for (const [index, one] of boxes.entries())
    for (const other of boxes.slice(index + 1)) {
      if (one.element.contains(other.element) || other.element.contains(one.element)) continue;
      if (isFixed(one.element) || isFixed(other.element)) continue;
      if (one.rects.some((a) => other.rects.some((b) => common(a, b) > 2)))
        found.push(`${nameOf(one.element)} lies on ${nameOf(other.element)}`);
    }
  return found;
}

const common = (a, b) =>
  Math.min(
    Math.min(a.right, b.right) - Math.max(a.left, b.left),
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top),
  );

/** What stays in its place on the window lies on what is scrolled under it. */
function isFixed(element) {
  for (let part = element; part; part = part.parentElement)
    if (['fixed', 'sticky'].includes(getComputedStyle(part).position)) return true;
  return false;
}

/** Every word that a person may come upon: text, and what attributes say, but for data that has its own marks. */
function words() {
  const texts = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (
      isSeen(node.parentElement) &&
      !node.parentElement.closest('script, style, noscript, textarea, code, pre, time')
    )
      texts.push(node.data);
  for (const name of ['title', 'aria-label', 'placeholder', 'alt'])
    texts.push(...[...document.querySelectorAll(`[${name}]`)].map((element) => element.getAttribute(name)));
  return texts.map((text) => text.replace(/\s+/g, ' ').trim()).filter(Boolean);
}

/** Controls whose focus is not marked by a line of 3 to 1 against what is around it. Begins with a key, as a keyboard would. */
function unmarked(forced) {
  const found = [];
  for (const element of [...document.querySelectorAll(CONTROLS)].filter(isSeen)) {
    if (element.disabled || element.closest('fieldset[disabled]')) continue;
    element.focus({ preventScroll: true });
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
    const marked = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
    const ratio = forced || !marked ? 21 : contrast(outlineColor, groundOf(element.parentElement));
    if (!marked) found.push(`${nameOf(element)} has no mark of focus`);
    else if (ratio < 3) found.push(`${nameOf(element)} has a mark of focus of ${ratio.toFixed(2)} to 1`);
  }
  document.activeElement?.blur();
  return found;
}

function groundOf(element) {
  for (let part = element; part; part = part.parentElement) {
    const colour = getComputedStyle(part).backgroundColor;
    if (!/rgba\(.*, 0\)|transparent/.test(colour)) return colour;
  }
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'rgb(18, 18, 18)' : 'rgb(255, 255, 255)';
}

function contrast(...colours) {
  const [lighter, darker] = colours.map(luminance).sort((one, other) => other - one);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour) {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d');
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Sends a form with these values, as if the button `press` had been pressed; nothing in the page can hold it up. */
function submit({ action, fields = {}, press = {} }) {
  // Not `form.action`: that is the field of this name, where a form has one.
  const form = [...document.querySelectorAll('form')].find((one) => one.getAttribute('action') === action);
  if (!form) throw new Error(`no form goes to ${action}`);
  const add = (name, value) =>
    form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
  for (const [name, value] of Object.entries(fields)) {
    const field = form.elements.namedItem(name);
    if (!field) add(name, value);
    else if (field.type === 'checkbox') field.checked = true;
    else field.value = value;
  }
  for (const [name, value] of Object.entries(press)) add(name, value);
  HTMLFormElement.prototype.submit.call(form);
}

window.look = { sideways, headings, overlaps, words, unmarked, submit };
