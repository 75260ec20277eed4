# What the component knowledge needs beside core: read where Asterism is built, and again where an installed one is
# found. What is absent goes into asterism_missing. So far nothing.
