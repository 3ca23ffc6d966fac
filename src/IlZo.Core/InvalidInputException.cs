namespace IlZo;

/// <summary>
/// Something the user handed in cannot be used: a file, a field, an option. The message is one sentence that names the
/// file, the place and what was expected; the command line prints it as it is and exits with 2.
/// </summary>
public sealed class InvalidInputException : Exception
{
    public InvalidInputException(string message)
        : base(message)
    {
    }

    public InvalidInputException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
