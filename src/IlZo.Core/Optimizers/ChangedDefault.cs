namespace IlZo.Optimizers;

/// <summary>
/// A method's own option whose default is no longer what it was when runs were first recorded. Records have said its value ever since; one
/// that does not say it is older, and means what was the default then.
/// </summary>
/// <param name="Option">The option.</param>
/// <param name="First">Its first default, frozen: what a record means that does not say the option.</param>
/// <param name="Now">Its default.</param>
internal sealed record ChangedDefault(string Option, string First, string Now);
