"""Names with a meaning in HTML, Markdown, mathematics and gradio's templates."""

SCRIPT = "<script>window.hit=1</script> **bold** {{value}} ${window.hit=1} @children"
IMAGE = '"><img src=x onerror=window.hit=1>'
LINK = "_[link](javascript:window.hit=1)_ $x^2$ `${window.hit=1}`"
NAMES = (SCRIPT, IMAGE, LINK)
