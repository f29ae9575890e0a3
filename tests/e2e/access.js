// What keeps people out of a page: asked of the page itself by access.py.
({
  // Headings out of order, ids that stand twice or that are named and missing.
  disorder() {
    const seen = (e) => e.checkVisibility({ visibilityProperty: true });
    const wrong = [];
    const levels = [...document.querySelectorAll("h1,h2,h3,h4,h5,h6")].filter(seen)
      .map((e) => [Number(e.tagName[1]), e.textContent.trim()]);
    if (levels.filter(([level]) => level === 1).length !== 1) wrong.push("not just one h1");
    levels.forEach(([level, text], at) => {
      if (level > (at ? levels[at - 1][0] : 0) + 1) wrong.push(`h${level} ${text} skips a level`);
    });
    const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
    const twice = new Set(ids.filter((id, at) => ids.indexOf(id) !== at));
    for (const id of twice) wrong.push(`the id ${id} twice`);
    for (const name of ["aria-labelledby", "aria-describedby", "for"]) {
      for (const e of document.querySelectorAll(`[${name}]`)) {
        for (const id of e.getAttribute(name).split(" ").filter(Boolean)) {
          if (!document.getElementById(id)) wrong.push(`${e.tagName} names ${id}: not there`);
        }
      }
    }
    return wrong;
  },

  // Words whose colour is too near to that of their ground (WCAG 1.4.3).
  faint() {
    const colour = (text) => {
      const found = text.replace("color(srgb", "").match(/[\d.]+/g).map(Number);
      const scale = text.startsWith("color(srgb") ? 255 : 1;
      return [...found.slice(0, 3).map((value) => value * scale), found[3] ?? 1];
    };
    const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const light = (c) => [0.2126, 0.7152, 0.0722]
      .reduce((sum, share, i) => sum + share * linear(c[i] / 255), 0);
    const ground = (element) => {
      const layers = [];
      for (let e = element; e; e = e.parentElement) {
        const back = colour(getComputedStyle(e).backgroundColor);
        if (back[3]) layers.push(back);
        if (back[3] === 1) break;
      }
      return layers.reduceRight((under, layer) => over(layer, under), [255, 255, 255]);
    };
    const silent = "script,style,noscript,template,option,[aria-hidden=true],:disabled,.visually-hidden";
    const faint = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (!node.data.trim() || element.closest(silent)) continue;
      if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      const style = getComputedStyle(element);
      const back = ground(element);
      const ink = over(colour(style.color), back);
      const [high, low] = [light(ink), light(back)].sort((a, b) => b - a);
      const ratio = (high + 0.05) / (low + 0.05);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) faint.add(`${ratio.toFixed(2)}: ${node.data.trim().slice(0, 40)}`);
    }
    return [...faint];
  },

  // The way of the Tab key begins before everything else; each press notes where it comes from.
  begin() {
    window.yingdaStops = new Map();
    window.yingdaWay = [];
    addEventListener("keydown", () => window.yingdaWay.push(this.stop()), true);
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
    window.scrollTo(0, 0);
  },

  // Where the keyboard is: whether that can be seen, and is not behind something else.
  stop() {
    const e = document.activeElement;
    if (!e || e === document.body) return null;
    const place = e.closest("label.button") ?? e;
    const box = place.getBoundingClientRect();
    const marked = [e, place].some((each) => {
      const style = getComputedStyle(each);
      const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
      return outlined || style.boxShadow !== "none";
    });
    const spots = [[0.5, 0.5], [0.1, 0.2], [0.9, 0.2], [0.1, 0.8], [0.9, 0.8]];
    const visible = spots.some(([x, y]) => {
      const top = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
      return top && (place.contains(top) || top.contains(place));
    });
    if (!window.yingdaStops.has(e)) window.yingdaStops.set(e, window.yingdaStops.size);
    const name = e.id || e.name || e.textContent.trim().slice(0, 30) || e.outerHTML.slice(0, 60);
    return { at: window.yingdaStops.get(e), name, marked, visible };
  },

  // Where the keys pressed since the last time have led.
  way() {
    const [, ...stops] = window.yingdaWay;
    window.yingdaWay = [];
    return [...stops, this.stop()];
  },
})
