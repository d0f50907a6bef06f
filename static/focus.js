// A screen reader begins with what went wrong.
document.querySelector(".error-summary").focus();
