// Tell the user when a session comes to rest.
export const Notify = async ({ $ }) => ({
  event: async ({ event }) => {
    if (event.type === "session.idle")
      await $`sh /run/aipod/agent/hook ${"OpenCode has finished"}`
        .quiet()
        .nothrow()
  },
})
