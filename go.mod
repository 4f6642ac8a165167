module callgate

go 1.26.0

require (
	github.com/go-json-experiment/json v1.27.2
	github.com/tidwall/gjson v1.20.1
)

require (
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
)
