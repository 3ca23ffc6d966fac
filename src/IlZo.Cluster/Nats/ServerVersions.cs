using System.Globalization;

namespace IlZo.Clusters.Nats;

/// <summary>Which servers are known to lose what they said they had.</summary>
internal static class ServerVersions
{
    /// <summary>Whether a server of this version may lose a whole stream in a crash: 2.10.20 to 2.10.22, which 2.10.23 mended.</summary>
    /// <param name="version">What the server says, such as <c>2.10.21</c> or <c>2.10.21-RC.1</c>.</param>
    public static bool LosesStreams(string? version)
    {
        string[] parts = (version ?? "").Split('-', '+')[0].Split('.');
        return parts is ["2", "10", var last]
            && int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out int patch) && patch is >= 20 and <= 22;
    }
}
