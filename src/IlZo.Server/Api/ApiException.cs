namespace IlZo.Server.Api;

/// <summary>A request that is refused, in the terms of OpenAI's protocol.</summary>
/// <param name="status">The status of the response.</param>
/// <param name="message">What was found and what was expected.</param>
/// <param name="parameter">The field that it is about, or null.</param>
/// <param name="code">The word by which programs tell refusals apart, or null.</param>
internal sealed class ApiException(int status, string message, string? parameter = null, string? code = null) : Exception(message)
{
    /// <summary>The status of the response.</summary>
    public int Status => status;

    /// <summary>The field that it is about, or null.</summary>
    public string? Parameter => parameter;

    /// <summary>The word by which programs tell refusals apart, or null.</summary>
    public string? Code => code;

    /// <summary>What kind of refusal it is.</summary>
    public string Type => status switch
    {
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    /// <summary>A field of a request that has another value than it may have.</summary>
    public static ApiException OfField(string name, string found, string expected, string code = "invalid_value") =>
        new(400, $"{name} is {found}; {expected} was expected.", name, code);

    /// <summary>The same as a body.</summary>
    public ErrorResponse ToResponse() => new(new ErrorDetail(Message, Type, Parameter, Code));
}
