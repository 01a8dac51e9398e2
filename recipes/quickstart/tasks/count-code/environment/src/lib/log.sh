# Writes a line to the log.
say() {
  echo "$1" >> app.log
}
