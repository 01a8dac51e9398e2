#!/bin/bash
cat > /app/largest.sh <<'SCRIPT'
#!/bin/bash
# Prints the largest whole number in a file that holds one on each line.
largest=
while read -r number; do
  if [[ -z "$largest" || "$number" -gt "$largest" ]]; then
    largest=$number
  fi
done < "$1"
echo "$largest"
SCRIPT
