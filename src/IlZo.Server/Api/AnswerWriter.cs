using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IlZo.Generation;
using Microsoft.AspNetCore.Http;

namespace IlZo.Server.Api;

/// <summary>Writes a text as a response, at once or piece by piece.</summary>
internal static class AnswerWriter
{
    /// <summary>Writes a body.</summary>
    public static Task WriteAsync<T>(HttpResponse response, int status, T body, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(body, type);
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = json.Length;
        return response.Body.WriteAsync(json, cancellation).AsTask();
    }

    /// <summary>Writes a text when it is whole.</summary>
    public static async Task WriteWholeAsync<T>(
        HttpResponse response, StartedText text, IAnswerForm<T> form, CancellationToken cancellation)
    {
        var tokens = new List<ChosenToken>();
        await foreach (var piece in text.Pieces.ConfigureAwait(false))
        {
            tokens.AddRange(piece.Tokens);
        }

        var end = await text.End.ConfigureAwait(false);
        var whole = form.Whole(end.Text, tokens, AnswerForm.Reason(end.Stop), Used(end));
        await WriteAsync(response, StatusCodes.Status200OK, whole, form.Json, cancellation).ConfigureAwait(false);
    }

    /// <summary>Writes a text piece by piece, as events.</summary>
    public static async Task StreamAsync<T>(
        HttpResponse response, StartedText text, IAnswerForm<T> form, bool includesUsage, CancellationToken cancellation)
    {
        await EventStream.BeginAsync(response, cancellation).ConfigureAwait(false);
        if (form.Beginning is { } beginning)
        {
            await EventStream.SendAsync(response, beginning, form.Json, cancellation).ConfigureAwait(false);
        }

        await foreach (var piece in text.Pieces.ConfigureAwait(false))
        {
            await EventStream.SendAsync(response, form.Piece(piece), form.Json, cancellation).ConfigureAwait(false);
        }

        var end = await text.End.ConfigureAwait(false);
        await EventStream.SendAsync(response, form.End(AnswerForm.Reason(end.Stop)), form.Json, cancellation).ConfigureAwait(false);
        if (includesUsage)
        {
            await EventStream.SendAsync(response, form.Total(Used(end)), form.Json, cancellation).ConfigureAwait(false);
        }

        await EventStream.EndAsync(response, cancellation).ConfigureAwait(false);
    }

    private static Usage Used(Continuation end) =>
        new(end.PromptIds.Count, end.NewIds.Count, end.PromptIds.Count + end.NewIds.Count);
}
