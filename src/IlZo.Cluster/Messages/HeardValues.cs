namespace IlZo.Clusters;

/// <summary>Values that another worker has computed.</summary>
/// <param name="Entry">The entry of the log that they are for.</param>
/// <param name="Worker">Who says so.</param>
/// <param name="Body">The values.</param>
internal sealed record HeardValues(long Entry, ulong Worker, ValuesBody Body);
