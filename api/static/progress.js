// Shows how far a job is: by server-sent events, and by asking every three seconds where events do not arrive.
const place = document.querySelector("[data-job]");
const bar = place?.querySelector("progress");
const step = place?.querySelector("[data-step]");

function show(job) {
  if (job.done > 0) {
    bar.max = job.of;
    bar.value = job.done;
  }
  if (job.step) step.textContent = step.dataset[job.step] ?? job.step;
  if (job.state === "done" || job.state === "failed" || job.state !== place.dataset.state) {
    location.reload();
  }
}

async function ask() {
  const answer = await fetch(`/api/v1/jobs/${place.dataset.job}`);
  if (answer.ok) {
    show(await answer.json());
  }
}

if (place) {
  const events = new EventSource(`/trainingen/${place.dataset.job}/voortgang`);
  let polling;
  events.onmessage = (event) => show(JSON.parse(event.data));
  events.onerror = () => {
    if (events.readyState === EventSource.CLOSED && !polling) {
      polling = setInterval(ask, 3000);
    }
  };
}
