/* A camera in, the code of a band put in its field and sent, out; where a browser reads no codes there is no button. */

const EVERY_MS = 200;

const button = document.getElementById("scan");
const camera = document.getElementById("camera");
const sight = document.getElementById("sight");
const says = document.getElementById("scan-says");
let stream = null;

async function reads() {
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return false;
  return (await BarcodeDetector.getSupportedFormats()).includes("qr_code");
}

function close() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  camera.hidden = true;
  button.lastChild.textContent = " Scan a code";
}

async function watch(detector) {
  while (stream) {
    const found = await detector.detect(sight).catch(() => []);
    const ours = found.find((each) => each.rawValue.startsWith("forecalm."));
    if (ours) {
      document.getElementById("f-code").value = ours.rawValue;
      close();
      document.getElementById("pick").requestSubmit();
      return;
    }
    if (found.length) says.textContent = "That is no code of a band: is it the right sticker?";
    await new Promise((resolve) => { setTimeout(resolve, EVERY_MS); });
  }
}

async function open() {
  if (stream) return close();
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    says.textContent = "The camera cannot be used: allow it, or type the code.";
    camera.hidden = false;
    return undefined;
  }
  camera.hidden = false;
  button.lastChild.textContent = " Close the camera";
  sight.srcObject = stream;
  await sight.play();
  return watch(new BarcodeDetector({ formats: ["qr_code"] }));
}

if (button && await reads()) {
  button.hidden = false;
  button.addEventListener("click", open);
  addEventListener("pagehide", close);
}
