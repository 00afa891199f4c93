"""`.env` files and the project's own serverless.yml, beside a function and above it."""

FUNCTION = """\
component: scf
name: one
inputs:
  name: ${app}-${name}-${stage}
  src: ./
  environment: {variables: {A: "${env:A}", B: "${env:B}", C: "${env:C}", D: "${env:D}"}}
"""


def test_the_nearest_wins(project):
    """The shell wins over `.env.STAGE`, that over `.env`, and a nearer file over one above; nothing else is passed."""
    files = {
        "serverless.yml": "app: shop\nstage: prod\n",
        ".env": "A=above\nB=above\nC=above\nD=above\nTENCENT_SECRET_KEY=hush\n",
        ".env.prod": "B=of the stage\nC=of the stage\n",
        ".env.dev": "A=of another stage\n",
        "one/serverless.yml": FUNCTION,
        "one/.env": "A=beside\nB=beside\n",
    }
    (function,) = project(files, "one", C="of the shell").functions
    assert function.name == "shop-one-prod"
    assert function.variables == {"A": "beside", "B": "of the stage", "C": "of the shell", "D": "above"}


def test_values_of_the_file_itself(project):
    """The file's own app and stage win, may have references themselves, and choose the `.env` file."""
    files = {
        "serverless.yml": "app: shop\nstage: prod\n",
        ".env": "STAGE=test\nA=1\n",
        ".env.test": "A=2\n",
        "one/serverless.yml": "app: ${env:B, 'own'}\nstage: ${env:STAGE}\n" + FUNCTION,
    }
    (function,) = project(files, "one").functions
    assert (function.name, function.variables) == ("own-one-test", {"A": "2"})


def test_the_root_of_a_repository_is_the_last(project):
    """Nothing above the root of the repository counts. Without an app, the name of the file is the app."""
    files = {".env": "A=1\n", "serverless.yml": "app: shop\n", "in/.git/HEAD": "", "in/one/serverless.yml": FUNCTION}
    (function,) = project(files, "in/one").functions
    assert (function.name, function.variables) == ("one-one-dev", {})


def test_layers_of_the_project(project):
    """A layer without a folder has that of the component beside it which makes the layer."""
    layer = "component: layer\nname: {}\ninputs: {{name: other, src: {}}}\n"
    files = {
        "libraries/serverless.yml": layer.format("libraries", "../packages"),
        "more/serverless.yml": layer.format("more", "{src: ., exclude: [x]}"),
        "gone/serverless.yml": layer.format("gone", "./gone"),
        "broken/serverless.yml": "{",
        "packages/x.txt": "",
        "one/serverless.yml": "component: scf\nname: one\ninputs:\n  layers:\n"
        "    - {name: '${output:${stage}:${app}:libraries.name}', version: '${output:dev:app:libraries.version}'}\n"
        "    - {name: more}\n    - {name: gone}\n",
    }
    reading = project(files, "one")
    (function,) = reading.functions
    assert [(layer.name, layer.folder.name) for layer in function.layers] == [
        ("libraries", "packages"),
        ("more", "more"),
    ]
    assert ["layer `gone` has no folder" in notice for notice in reading.notices] == [True]
    neighbours = {path.split("/")[-2] for path in reading.files if path.endswith("serverless.yml")}
    assert neighbours & {"libraries", "more", "gone", "broken", "one"} == {"libraries", "more"}
