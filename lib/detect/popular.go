package detect

import "strings"

// popular are npm packages that impostors are named after. The list is short on purpose: it holds what
// most projects know by name.
var popular = strings.Fields(`react react-dom lodash express axios chalk commander moment request async debug webpack typescript jquery
	eslint prettier babel-core mongoose socket.io redux vue angular next nodemon dotenv bcrypt jsonwebtoken body-parser cross-env
	node-fetch underscore bluebird inquirer yargs colors minimist semver uuid rimraf glob electron puppeteer discord.js passport
	mysql mongodb redis sequelize winston morgan multer nodemailer cheerio ethers web3 crypto-js event-stream ua-parser-js
	left-pad rollup vite jest mocha chai sinon tslib rxjs core-js styled-components tailwindcss postcss autoprefixer graphql
	preact mysql2 color request-promise koa dayjs luxon`)

// nearPopular is the popular package that a name is one slip away from, and the slip.
func nearPopular(name string) (near, how string) {
	if len(name) < 5 || strings.HasPrefix(name, "@") {
		return "", ""
	}
	flat := strings.NewReplacer("-", "", "_", "", ".", "").Replace(name)
	for _, p := range popular {
		if p == name {
			return "", ""
		}
	}
	for _, p := range popular {
		if len(p) < 5 {
			continue
		}
		switch {
		case strings.NewReplacer("-", "", "_", "", ".", "").Replace(p) == flat:
			return p, "other marks between the words"
		case name == p+"js" || name == p+"-js" || name == "node-"+p || name == p+"-node":
			return p, "an addition that many projects have"
		case oneSlip(name, p):
			return p, "one letter is other"
		}
	}
	return "", ""
}

// oneSlip tells whether one letter was added, left out, changed or swapped with its neighbour.
func oneSlip(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	if len(a)-len(b) > 1 {
		return false
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	if len(a) > len(b) {
		return a[i+1:] == b[i:]
	}
	if i+1 >= len(a) {
		return i < len(a)
	}
	return a[i+1:] == b[i+1:] || a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
