using IlZo.Inference;
using Microsoft.Extensions.AI;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddIlZo(args[0], new TextModelOptions { ChatTemplate = args.ElementAtOrDefault(1) });
var app = builder.Build();
app.MapGet("/ask", (IChatClient client, string question) => client.GetStreamingResponseAsync(question).Select(update => update.Text));
app.Run();
