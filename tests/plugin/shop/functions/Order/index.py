from tencentserverless import scf

count = 0


def main_handler(event, context):
    global count
    count += 1
    print("ordering", event["item"])
    paid = scf.invoke("Pay", region="ap-shanghai", data=event).value
    scf.invoke("Ship", invocation_type="Event", data=event)
    return {"paid": paid, "count": count}
