using System.Text.RegularExpressions;

namespace IlZo.Clusters.Nats;

/// <summary>What the parts of a run are called on a server.</summary>
internal static partial class RunNames
{
    private const string Prefix = "ILZO_";

    /// <summary>The stream that is a run's log.</summary>
    public static string Stream(string run) => Prefix + run;

    /// <summary>The one subject of that stream.</summary>
    public static string Log(string run) => $"ilzo.{run}.log";

    /// <summary>The subject of messages that nobody keeps.</summary>
    public static string Say(string run) => $"ilzo.{run}.say";

    /// <summary>The run whose log a stream is, or null where its name is another's.</summary>
    public static string? RunOf(string stream) =>
        stream.StartsWith(Prefix, StringComparison.Ordinal) && Id().IsMatch(stream[Prefix.Length..]) ? stream[Prefix.Length..] : null;

    /// <summary>Whether a stream takes what a run's log is to take, and nothing else.</summary>
    public static bool AreOf(string run, ICollection<string>? subjects) => subjects is { Count: 1 } && subjects.Contains(Log(run));

    /// <summary>Refuses what cannot be part of a subject, or would be several parts of it.</summary>
    /// <exception cref="InvalidInputException">It is no ID.</exception>
    public static void Check(string run)
    {
        if (!Id().IsMatch(run))
        {
            throw new InvalidInputException($"'{run}' is no ID of a run, expected 1 to 64 letters, digits, hyphens or underscores.");
        }
    }

    [GeneratedRegex("^[A-Za-z0-9_-]{1,64}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Id();
}
