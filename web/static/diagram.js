// Draws a diagram, then adds number, heat and place from the table or list: that is the only source.
// Without this script the page is complete; the diagram is comfort.
const box = document.querySelector('.diagram[data-bpmn]');
const around = box.closest('details');
if (!around || around.open) draw();
else around.addEventListener('toggle', draw, { once: true });

async function draw() {
  const viewer = new BpmnJS({
    textRenderer: { defaultStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 15 }, externalStyle: { fontSize: 14 } },
    zoomScroll: { enabled: false },   // the wheel scrolls the page, never the diagram
  });
  try {
    const answer = await fetch(box.dataset.bpmn);
    if (!answer.ok) throw new Error(answer.status);
    await viewer.importXML(await answer.text());
  } catch {
    box.textContent = box.dataset.failed;
    return;
  }
  box.replaceChildren();
  viewer.attachTo(box);
  const canvas = viewer.get('canvas');
  for (const row of document.querySelectorAll('[data-element]')) annotate(viewer, row);
  canvas.zoom('fit-viewport', 'auto');
  const here = document.querySelector('[data-here]');
  if (here) canvas.scrollToElement(here.dataset.element, 60);
  serveButtons(canvas, viewer.get('zoomScroll'));
  fitOnPaper();
}

function annotate(viewer, row) {
  const { element, heat, badge, here } = row.dataset;
  if (!viewer.get('elementRegistry').get(element)) return;
  const canvas = viewer.get('canvas'), overlays = viewer.get('overlays');
  overlays.add(element, { position: { top: -14, left: -20 }, html: label('no', row.querySelector('.no').textContent) });
  if (heat > 0) canvas.addMarker(element, 'heat-' + heat);
  if (badge) overlays.add(element, { position: { bottom: 12, right: -10 }, html: label('badge', badge) });
  if (here !== undefined) canvas.addMarker(element, 'is-here');
}

function label(name, text) {
  const made = document.createElement('span');
  made.className = name;
  made.textContent = text;
  return made;
}

function serveButtons(canvas, zoomScroll) {
  const buttons = document.querySelector('[data-zooms]');
  if (!buttons) return;
  buttons.hidden = false;
  for (const button of buttons.querySelectorAll('[data-zoom]'))
    button.addEventListener('click', () =>
      button.dataset.zoom === 'fit' ? canvas.zoom('fit-viewport', 'auto') : zoomScroll.stepZoom(Number(button.dataset.zoom)));
}

// On paper the whole canvas shrinks to the width of an A4 page, badges included.
function fitOnPaper() {
  const paper = 660;
  addEventListener('beforeprint', () => Object.assign(box.style, { width: box.offsetWidth + 'px', height: box.offsetHeight + 'px', zoom: Math.min(1, paper / box.offsetWidth) }));
  addEventListener('afterprint', () => Object.assign(box.style, { width: '', height: '', zoom: '' }));
}
