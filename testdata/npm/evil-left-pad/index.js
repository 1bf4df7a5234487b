'use strict';

module.exports = (s, width, fill = ' ') => String(s).padStart(width, fill);
