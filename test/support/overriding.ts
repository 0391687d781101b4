/** A port that answers some calls as a test says, and all others itself. */
export function overriding<Port extends object>(port: Port, calls: Partial<Port>): Port {
  return new Proxy(port, {
    get(target, name) {
      if (name in calls) return Reflect.get(calls, name) as unknown;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
