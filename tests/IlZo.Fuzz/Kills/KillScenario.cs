namespace IlZo.Fuzz.Kills;

/// <summary>A command that writes, and how its results are told apart.</summary>
/// <param name="Name">For the list.</param>
/// <param name="Command">The arguments that write to a place; the same again finish what was interrupted.</param>
/// <param name="Digest">
/// What must be the same after any interruption, or null where there is no result yet. It throws where something is there that is neither.
/// </param>
internal sealed record KillScenario(string Name, Func<string, string[]> Command, Func<string, string?> Digest);
