namespace IlZo.Gpu.SelfTest;

/// <summary>What a check found.</summary>
/// <param name="Name">The check.</param>
/// <param name="Difference">The largest difference from the CPU engine; NaN where a number was none.</param>
/// <param name="Allowed">The largest difference that rounding explains; 0 where bits must be equal.</param>
/// <param name="Repeats">Whether the device gave the same bits when it was asked twice.</param>
public sealed record SelfTestResult(string Name, double Difference, double Allowed, bool Repeats = true)
{
    /// <summary>Why there is no finding, in a sentence; null where there is one.</summary>
    public string? Error { get; init; }

    /// <summary>What the driver wrote about it; null where it wrote nothing.</summary>
    public string? Log { get; init; }

    /// <summary>Whether the device does what the CPU engine does, each time.</summary>
    public bool Passed => Error is null && Difference <= Allowed && Repeats;

    /// <summary>A check that did not come to an end.</summary>
    internal static SelfTestResult Failed(string name, string error) => new(name, double.NaN, 0) { Error = error };
}
