-- Send the file that the first argument names; the second is its media type.
function init(arguments)
  wrk.method = "POST"
  wrk.body = io.open(arguments[1]):read("*a")
  wrk.headers["Content-Type"] = arguments[2]
  wrk.headers["Accept-Encoding"] = "gzip"
end
