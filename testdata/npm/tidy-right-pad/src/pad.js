module.exports = (s, width, fill = ' ') => String(s).padEnd(width, fill);
