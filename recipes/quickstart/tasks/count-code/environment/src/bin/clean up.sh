#!/bin/bash

rm -f app.log
echo "# cleaned"
