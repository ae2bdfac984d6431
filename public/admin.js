// Makes the admin pages pleasanter; everything works without it.

/** As src/http/locals.ts writes them. */
const TIMES = {
  minutes: { dateStyle: 'medium', timeStyle: 'short' },
  seconds: { dateStyle: 'medium', timeStyle: 'medium' },
  clock: { timeStyle: 'short' },
};

/** The server does not know where the reader is, and writes times in UTC. */
function localTimes(root) {
  for (const time of root.querySelectorAll('time')) {
    const format = new Intl.DateTimeFormat(
      document.documentElement.dataset.locale,
      TIMES[time.dataset.show ?? 'minutes'],
    );
    const local = format.format(new Date(time.dateTime));
    if (time.dataset.relative !== undefined) {
      time.title = local;
      continue;
    }
    // Only once: htmx also announces the whole page.
    time.title ||= time.textContent;
    time.textContent = local;
  }
}

/** Shows the error page when a person started the request; a request of the page itself is tried again. */
document.addEventListener('htmx:responseError', ({ detail }) => {
  if (!detail.requestConfig.triggeringEvent) return;
  const page = new DOMParser().parseFromString(detail.xhr.responseText, 'text/html');
  document.title = page.title;
  document.body.replaceWith(page.body);
});
document.addEventListener('htmx:load', (event) => localTimes(event.detail.elt));
localTimes(document);
