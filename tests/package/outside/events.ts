import { Type } from "@sinclair/typebox";

export default { "order-created": Type.Object({ id: Type.Integer() }) };
