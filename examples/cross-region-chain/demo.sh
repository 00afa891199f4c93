# Runs the example against the endpoint that the environment names: first the program on this machine, then
# PythonInvokeTest in Chengdu in its three forms, each of which invokes FuncInvoked in Guangzhou.
set -eu
cd "$(dirname "$0")"

echo "# this machine -> FuncInvoked" >&2
python PythonInvokeTest.py

for namespace in default method2 native; do
    echo "# this machine -> PythonInvokeTest ($namespace) in ap-chengdu -> FuncInvoked in ap-guangzhou" >&2
    tencentserverless invoke PythonInvokeTest --region ap-chengdu --namespace "$namespace"
done
