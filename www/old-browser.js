// Runs only where modules are unknown (nomodule): says so instead of a blank page.
document.addEventListener('DOMContentLoaded', function () {
  document.getElementById('boot-old').hidden = false;
});
