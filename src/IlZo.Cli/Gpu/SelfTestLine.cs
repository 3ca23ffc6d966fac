namespace IlZo.Cli.Gpu;

/// <summary>A line of a self-test.</summary>
/// <param name="Name">What was compared with the CPU engine.</param>
/// <param name="Difference">The largest difference.</param>
/// <param name="Allowed">The largest difference that is right.</param>
/// <param name="Repeats">Whether the same bits came out twice.</param>
/// <param name="Passed">Whether it is right.</param>
/// <param name="Error">Why there is no finding, in a sentence, or null.</param>
/// <param name="Log">What the driver wrote about that, or null.</param>
internal sealed record SelfTestLine(string Name, double Difference, double Allowed, bool Repeats, bool Passed, string? Error, string? Log);
