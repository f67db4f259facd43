/** Pages that are to be had on paper: the button does what the browser's own menu does. */
for (const button of document.querySelectorAll('[data-print]')) button.addEventListener('click', () => print());
